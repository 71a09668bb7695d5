"""The one door to durable work: DBOS behind a narrow facade (DESIGN decision 7).

Web processes enqueue inside their own transaction: the commit accepts the job, a rollback
leaves nothing. Only `DurableWorker` launches the engine, each under an executor id of its
own. Steps run at least once, so every outside effect carries its own idempotency key. No
job sleeps: it ends and is put back with a delay, for seven days, then it is a dead letter.
"""

from runtime.durable_client import DurableClient, prepare
from runtime.durable_outcomes import StepFailed
from runtime.durable_worker import DurableWorker, Steps, WorkerOptions, Workflow
from runtime.errors import RetryLater
from runtime.jobs import JobView

__all__ = [
    "DurableClient",
    "DurableWorker",
    "JobView",
    "RetryLater",
    "StepFailed",
    "Steps",
    "WorkerOptions",
    "Workflow",
    "prepare",
]
