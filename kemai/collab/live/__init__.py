"""The live process: one ASGI application that tells open pages within a second what concerns them (docs/adr/022).

`hub` holds the connections, `watch` looks into the database once a second for all of them, `gate` says who may listen,
`server` speaks HTTP. Nothing here writes anything but its own memory."""
