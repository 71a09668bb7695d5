"""What a file may become before it leaves."""
