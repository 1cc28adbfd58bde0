"""Web archives: WARC files read as pages to clean, and written from what was fetched."""
