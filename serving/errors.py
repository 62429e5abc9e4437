"""What can go wrong between the warehouse and its readers."""


class ServingError(Exception):
    """Base of every error here that a person is meant to read."""


class TimeError(ServingError):
    """A time that cannot be read, or names no instant."""


class WarehouseError(ServingError):
    """The warehouse could not be built; says which model failed and why."""


class AuditFailed(ServingError):
    """The build falls short of what is expected of the published tables: no release."""


class PublishError(ServingError):
    """A release could not be made whole; the old one stays."""


class NotPublished(ServingError):
    """There is no release to read."""


class NotFound(ServingError):
    """The release knows nothing of what was asked for."""


class QueryError(ServingError):
    """A question that the release cannot answer: says why, in the database's words."""
