"""What can go wrong on the way into the log, each error naming the thing, the value and the fix."""


class IngestionError(Exception):
    """Base of every error that a person is meant to read."""


class UnreadableFile(IngestionError):
    """A file that cannot be read as its source says. It is set aside alone."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class MappingError(IngestionError):
    """A mistake in a mapping.yml, with the place and what would be allowed."""


class SettingsError(IngestionError):
    """A setting that is missing or cannot be used."""


class StoreError(IngestionError):
    """A place of the state that cannot be reached or used."""
