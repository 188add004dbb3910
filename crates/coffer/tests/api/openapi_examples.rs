//! Every example of the description, run against the server.
