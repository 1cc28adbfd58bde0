"""Many crawls over one Redis and one store: placed, counted by what is due, and begun again where one dies."""
