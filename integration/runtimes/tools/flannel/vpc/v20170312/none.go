// Package v20170312 stands where flannel's backend for one provider's cloud expects the client
// of that cloud, which this project does not need and the module proxies do not have. It has
// what the backend names, and reaches nothing.
package v20170312

import "errors"

var errNone = errors.New("this flanneld was built without the client of Tencent's cloud")

type (
	// Client is none.
	Client struct{}
	// Filter is a part of a request.
	Filter struct {
		Name   *string
		Values []*string
	}
	// Route is one of a table.
	Route struct {
		DestinationCidrBlock, GatewayType, GatewayId, RouteType *string
		RouteId                                                 *uint64
		Enabled                                                 *bool
	}
	// RouteTable is a table.
	RouteTable struct {
		RouteTableId *string
		RouteSet     []*Route
	}
	// DescribeRouteTablesRequest is a request.
	DescribeRouteTablesRequest struct{ Filters []*Filter }
	// DescribeRouteTablesResponse is an answer.
	DescribeRouteTablesResponse struct {
		Response struct{ RouteTableSet []*RouteTable }
	}
	// RoutesRequest is a request.
	RoutesRequest struct {
		RouteTableId *string
		Routes       []*Route
	}
)

// NewClientWithSecretId returns no client.
func NewClientWithSecretId(_, _, _ string) (*Client, error) { return nil, errNone }

// NewDescribeRouteTablesRequest returns an empty request.
func NewDescribeRouteTablesRequest() *DescribeRouteTablesRequest {
	return new(DescribeRouteTablesRequest)
}

// NewDeleteRoutesRequest returns an empty request.
func NewDeleteRoutesRequest() *RoutesRequest { return new(RoutesRequest) }

// NewCreateRoutesRequest returns an empty request.
func NewCreateRoutesRequest() *RoutesRequest { return new(RoutesRequest) }

// DescribeRouteTables fails.
func (*Client) DescribeRouteTables(*DescribeRouteTablesRequest) (*DescribeRouteTablesResponse, error) {
	return nil, errNone
}

// DeleteRoutes fails.
func (*Client) DeleteRoutes(*RoutesRequest) (*struct{}, error) { return nil, errNone }

// CreateRoutes fails.
func (*Client) CreateRoutes(*RoutesRequest) (*struct{}, error) { return nil, errNone }
