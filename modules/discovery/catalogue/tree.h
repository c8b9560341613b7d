/* tree.h: folders with all that is in them. */
#ifndef DISCOVERY_CATALOGUE_TREE_H
#define DISCOVERY_CATALOGUE_TREE_H

/** Packs a folder's files into a zip file, named from the folder on (libarchive). 0, or 2 after telling on standard error. */
int tree_zip(const char *folder, const char *file);
/** Removes a folder or file with all that is in it; what cannot go stays. Links are not followed. */
void tree_remove(const char *path);

#endif
