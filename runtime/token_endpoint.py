"""token_endpoint"""
