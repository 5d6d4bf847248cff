//! PRETEND: Meta and its customers.
