"""What a browser is served: pages, and a JSON twin of every page. Needs the extra `munshi[ui]`.

    ports      what the web asks of the place where experiments live; who starts it hands one in
    shapes     the answers, field by field; OpenAPI and the types in `web/src/api` say the same
    views/     pure: documents become answers
    ledger     what trials say, kept level with the database, so that an answer costs what changed
    live       one look at the database for all who watch; news as server-sent events
    routes     the table of addresses, each with its words for OpenAPI
    reading    its handlers that look
    acting     its handlers that change something
    guard      who may ask: Host, Origin, token, cookie, CSRF; and the content security policy
    pages      the built pages as files
    server     uvicorn around it all

The web knows neither this machine nor a cluster: a `ports.Place` does, and `cli` makes it. It never
decides anything about an Experiment; it says what is there and passes on what is wanted.
"""
