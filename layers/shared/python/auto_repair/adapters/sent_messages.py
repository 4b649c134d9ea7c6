"""Which messages were sent: powertools' idempotency records in the incidents table."""

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord


class SentMessages(DynamoDBPersistenceLayer):
    """Knows its own claim when only the answer to it was lost, and the SDK's second try is refused."""

    def _put_record(self, data_record: DataRecord) -> None:
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as refused:
            found = refused.old_data_record
            # To the millisecond what this very call has written.
            if not found or found.in_progress_expiry_timestamp != data_record.in_progress_expiry_timestamp:
                raise
