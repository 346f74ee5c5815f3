"""The stages of a run: data -> poison -> train -> evaluate -> defend -> evaluate -> store."""
