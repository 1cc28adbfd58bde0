"""What a page says about its article: title, authors, dates, pictures, rights."""

from cleaners.language import with_detected_language
from cleaners.metadata.read import read_metadata

__all__ = ["read_metadata", "with_detected_language"]
