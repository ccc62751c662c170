module munshi/oracles/gotemplate

go 1.22
