"""What every test may use: a Hub on this machine (`hub`, `shared_hub`)."""

pytest_plugins = ["localhub.testing"]
