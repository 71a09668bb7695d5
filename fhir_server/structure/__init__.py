"""Is this JSON a resource of the type it claims to be?"""
