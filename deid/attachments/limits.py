"""How large a file may be in every direction; what is over a limit stays behind whole.

The limits keep one hostile or huge file from holding up a case. They are far above what a
clinical document is, and far below what the process that reads it can bear.
"""

from typing import Final

MAX_BYTES: Final = 5_000_000
"""Bytes of one file, as it comes and again after each unpacking."""
MAX_CHARACTERS: Final = 400_000
"""Characters of the text read from one file."""
MAX_NESTING: Final = 3
"""How many times a file may be packed in another (gzip, base64, a clinical document)."""
MAX_RATIO: Final = 200
"""Unpacked bytes for one packed byte; text reaches 30, a bomb 1000."""
RATIO_FREE_BYTES: Final = 100_000
"""Unpacked bytes that need no ratio: small files pack well."""
MAX_PAGES: Final = 200
MAX_PARTS: Final = 2_000
"""Members of an office file."""
