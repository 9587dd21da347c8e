"""What default settings learn on real data, beside what was asked, published and cheap."""
