"""Jobs: work that no request asks for, run by a command and counted."""

from .tracking import JobFailed, JobRun, track_job

__all__ = ["JobFailed", "JobRun", "track_job"]
