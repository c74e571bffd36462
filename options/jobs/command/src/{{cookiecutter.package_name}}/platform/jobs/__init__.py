"""Jobs: work that no request asks for, run by a command and counted."""

from .tracking import Job, JobFailed, JobRun, track_job

__all__ = ["Job", "JobFailed", "JobRun", "track_job"]
