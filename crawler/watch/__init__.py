"""What an operator should know without looking: each site against its own past, metrics, and logs."""
