module munshi/oracles/jsonpath

go 1.23

require k8s.io/client-go v0.31.4
