package schema

import "strings"

// Nearest returns the word that a misspelt one was most likely meant to be; empty if none is
// near.
func Nearest(word string, words []string) string {
	best, nearest := 1+len(word)/3, ""
	for _, w := range words {
		if d := distance(strings.ToLower(word), strings.ToLower(w)); d <= best && (nearest == "" || d < best || w < nearest) {
			best, nearest = d, w
		}
	}
	return nearest
}

// distance is how many letters have to be added, taken away or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
