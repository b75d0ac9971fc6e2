"""Property tests here load large tables on their first example, which no deadline should judge."""

from hypothesis import settings

settings.register_profile("kit", deadline=None)
settings.load_profile("kit")
