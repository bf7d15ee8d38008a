"""Generated files of every format, read by Narrows and by a reference, compared with what the generator wrote."""
