"""web_guard"""
