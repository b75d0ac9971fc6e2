"""What administrators define on screen: own objects, own fields, layouts. The only writer of these tables.

Every act asks for the administrator's right, is checked with clear sentences, is noted (`ConfigChange`, before and
after, the way back) and raises the version of the definitions, so that every process reads them again."""
