"""The only part that knows flask: from HTTP to the engine and back."""
