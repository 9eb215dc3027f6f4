"""Published weights to folders that backends read: the manifest, fetching, converting."""
