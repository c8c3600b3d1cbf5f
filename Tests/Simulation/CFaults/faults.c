#include "CFaults.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;  // Stands behind this struct in the same allocation.
    int tracked;
} File;

static sqlite3_vfs *real_vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char prefix[4096];
    long count, failing;
    int stays, full, struck;
} plan;

// Counts a change; nonzero when it is to fail.
static int fails(int tracked) {
    if (!tracked) return 0;
    pthread_mutex_lock(&lock);
    int result = 0;
    if (plan.failing > 0) {
        plan.count++;
        if (plan.count == plan.failing || (plan.struck && plan.stays)) result = 1;
        if (plan.count == plan.failing) plan.struck = 1;
    } else {
        plan.count++;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int error(int code) { return plan.full ? SQLITE_FULL : code; }

static int is_tracked(const char *name) {
    pthread_mutex_lock(&lock);
    size_t length = strlen(plan.prefix);
    int result = name && length > 0 && strncmp(name, plan.prefix, length) == 0;
    pthread_mutex_unlock(&lock);
    return result;
}

#define REAL(file) (((File *)(file))->real)
#define TRACKED(file) (((File *)(file))->tracked)

static int file_close(sqlite3_file *f) { return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK; }
static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) { return REAL(f)->pMethods->xRead(REAL(f), to, n, at); }
static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    if (fails(TRACKED(f))) {
        // Half of it may have reached the disk.
        if (n > 1) REAL(f)->pMethods->xWrite(REAL(f), from, n / 2, at);
        return error(SQLITE_IOERR_WRITE);
    }
    return REAL(f)->pMethods->xWrite(REAL(f), from, n, at);
}
static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    if (fails(TRACKED(f))) return SQLITE_IOERR_TRUNCATE;
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int file_sync(sqlite3_file *f, int flags) {
    if (fails(TRACKED(f))) return SQLITE_IOERR_FSYNC;
    return REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int file_size(sqlite3_file *f, sqlite3_int64 *size) { return REAL(f)->pMethods->xFileSize(REAL(f), size); }
static int file_lock(sqlite3_file *f, int level) { return REAL(f)->pMethods->xLock(REAL(f), level); }
static int file_unlock(sqlite3_file *f, int level) { return REAL(f)->pMethods->xUnlock(REAL(f), level); }
static int file_reserved(sqlite3_file *f, int *result) { return REAL(f)->pMethods->xCheckReservedLock(REAL(f), result); }
static int file_control(sqlite3_file *f, int op, void *arg) { return REAL(f)->pMethods->xFileControl(REAL(f), op, arg); }
static int file_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static int file_traits(sqlite3_file *f) { return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f)); }
static int file_map(sqlite3_file *f, int page, int size, int extend, void volatile **to) {
    if (extend && fails(TRACKED(f))) return SQLITE_IOERR_SHMMAP;
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, to);
}
static int file_shm_lock(sqlite3_file *f, int at, int n, int flags) { return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags); }
static void file_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }
static int file_unmap(sqlite3_file *f, int remove) { return REAL(f)->pMethods->xShmUnmap(REAL(f), remove); }

static const sqlite3_io_methods methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock, file_reserved,
    file_control, file_sector, file_traits, file_map, file_shm_lock, file_barrier, file_unmap, 0, 0,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
    (void)vfs;
    File *file = (File *)f;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    file->tracked = is_tracked(name);
    if ((flags & SQLITE_OPEN_CREATE) && fails(file->tracked)) return SQLITE_CANTOPEN;
    int result = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
    if (file->real->pMethods) file->base.pMethods = &methods;
    return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    if (fails(is_tracked(name))) return SQLITE_IOERR_DELETE;
    return real_vfs->xDelete(real_vfs, name, sync);
}

int faults_install(void) {
    static sqlite3_vfs vfs;
    if (real_vfs) return SQLITE_OK;
    real_vfs = sqlite3_vfs_find(0);
    if (!real_vfs) return SQLITE_ERROR;
    vfs = *real_vfs;
    vfs.zName = "faults";
    vfs.pNext = 0;
    vfs.szOsFile = (int)sizeof(File) + real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    return sqlite3_vfs_register(&vfs, 1);
}

void faults_arm(const char *prefix, long n, int stays, int full) {
    pthread_mutex_lock(&lock);
    strncpy(plan.prefix, prefix, sizeof plan.prefix - 1);
    plan.count = 0;
    plan.failing = n;
    plan.stays = stays;
    plan.full = full;
    plan.struck = 0;
    pthread_mutex_unlock(&lock);
}

long faults_count(void) {
    pthread_mutex_lock(&lock);
    long count = plan.count;
    pthread_mutex_unlock(&lock);
    return count;
}

int faults_struck(void) {
    pthread_mutex_lock(&lock);
    int struck = plan.struck;
    pthread_mutex_unlock(&lock);
    return struck;
}
