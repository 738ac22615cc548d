"""Everything that the owner would miss, in one ZIP file, and back again."""
