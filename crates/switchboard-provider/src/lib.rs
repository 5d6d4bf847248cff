//! TRANSLATE: what Meta says and wants to hear, in our words.
