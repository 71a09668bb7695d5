"""Stylesheet, vendored scripts and page skeleton that every program of ours shares."""

from runtime.web_assets.blueprint import asset_url, assets

__all__ = ["asset_url", "assets"]
