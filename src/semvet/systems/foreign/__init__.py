"""A stranger's codec: found, loaded, tried out."""
