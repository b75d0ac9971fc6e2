"""The live process: one ASGI application that tells open pages at once what concerns them (docs/adr/022).

`hub` holds the connections, `watch` looks into the database twenty times a second for all, `gate` says who may listen,
`server` speaks HTTP. Nothing here writes anything but its own memory."""
