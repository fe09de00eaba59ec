"""Moving what is below a prefix of an S3 bucket to the Hub: through this computer, not onto its disk."""
