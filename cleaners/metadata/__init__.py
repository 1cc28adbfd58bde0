"""What a page says about its article: title, authors, dates, pictures, rights."""

from cleaners.language import with_detected_language
from cleaners.metadata.given import GIVEN, with_given
from cleaners.metadata.read import read_metadata

__all__ = ["GIVEN", "read_metadata", "with_detected_language", "with_given"]
