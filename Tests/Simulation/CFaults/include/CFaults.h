#ifndef CFAULTS_H
#define CFAULTS_H

// A file system for SQLite that fails on demand: it passes everything on to the usual one, counts what changes files, and makes the
// n-th such call fail. It stands in for full disks, failing disks, and processes that are killed.

// Makes it SQLite's file system for databases that are opened from now on. Returns 0, or SQLite's error.
int faults_install(void);

// Makes the n-th change from now on to a file below `prefix` fail; n counts from 1, 0 lets all pass. `stays` says whether all later
// calls fail too, as after a crash, and `full` whether the disk is said to be full rather than broken.
void faults_arm(const char *prefix, long n, int stays, int full);

// The changes since faults_arm.
long faults_count(void);

// Whether the call that was to fail has come.
int faults_struck(void);

#endif
