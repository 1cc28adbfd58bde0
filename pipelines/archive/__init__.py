"""The archive of a data folder: fetched pages as WARC files, published, kept, checked and taken down by its log."""
