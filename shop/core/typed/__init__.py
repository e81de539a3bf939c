"""Reading what people type: in forms, in files, and at the command line.

Each reader is a function of the text, and of what decides its meaning, such as a currency. Each
understands what is written in English, German, French, Spanish and Italian, and raises a
ValidationError that says in words what to write instead. What can mean two things is never chosen
for its author: the error names both. JSON, addresses of pages and amounts in minor units are read
strictly, elsewhere.
"""
