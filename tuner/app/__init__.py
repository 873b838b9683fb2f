"""The use cases, one module each: what a front end asks for, and what comes of it. They print nothing."""
