"""Bulk runs: spans of inputs, cleaned by processes or on Ray, and published with what they cover."""
