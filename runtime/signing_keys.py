"""signing_keys"""
