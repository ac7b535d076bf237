"""What the site is made of beside its texts: reference pages from the code, and links that hold in both places."""
