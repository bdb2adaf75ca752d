"""The one app with tables: what is kept, and the gates through which it is reached."""
