# Nothing to add: see mpconfigvariant.h
