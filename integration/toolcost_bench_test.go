package integration

import (
	"os/exec"
	"path/filepath"
	"sort"
	"testing"
	"time"
)

// BenchmarkStartUpBesideABuildWithoutTheTool starts what is shipped and the same without the commands for people in
// turns, and answers VERSION, so that both meet the same machine:
//
//	go test ./integration -run '^$' -bench StartUp -benchtime 1000x
func BenchmarkStartUpBesideABuildWithoutTheTool(b *testing.B) {
	contenders := []struct{ name, path string }{
		{"shipped", filepath.Join(shippedBuild(b, ""), "vethbridge")},
		{"bare", filepath.Join(shippedBuild(b, withoutTool(b)), "vethbridge")},
	}
	wall, cpu := make([][]time.Duration, 2), make([][]time.Duration, 2)
	b.ResetTimer()
	for range b.N {
		for i, c := range contenders {
			cmd := exec.Command(c.path)
			cmd.Env = []string{"CNI_COMMAND=VERSION"}
			began := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			wall[i] = append(wall[i], time.Since(began))
			cpu[i] = append(cpu[i], cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
	}
	for i, c := range contenders {
		b.ReportMetric(milliseconds(wall[i]), c.name+"-ms")
		b.ReportMetric(milliseconds(cpu[i]), c.name+"-cpu-ms")
	}
	b.ReportMetric(milliseconds(wall[0])/milliseconds(wall[1]), "ratio")
	b.ReportMetric(milliseconds(cpu[0])/milliseconds(cpu[1]), "cpu-ratio")
}

// milliseconds is the median.
func milliseconds(list []time.Duration) float64 {
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	return list[len(list)/2].Seconds() * 1000
}
