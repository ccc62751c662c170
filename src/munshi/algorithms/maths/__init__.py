"""The heavy arithmetic of the algorithms, in arrays: no Requests, no Replies, no settings."""
