"""What munshi's own tests and yours share: contract suites to inherit, builders, odd inputs.

Shipped, so that an algorithm or an adapter written elsewhere can be held to the same promises.
Nothing in munshi imports this package; it needs pytest.
"""
