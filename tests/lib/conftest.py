"""Property tests here measure truth, not speed: a busy machine must not fail them."""

from hypothesis import settings

settings.register_profile("lib", deadline=None)
settings.load_profile("lib")
