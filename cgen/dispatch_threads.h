/* The threads that run the long loops of programs, and the caller's thread, which listens meanwhile.
 *
 * A few threads wait for loops; they are started when the first loop needs them, never by import, and a child process
 * begins without any.  They serve one loop at a time: a caller who finds them busy runs its loop alone, so nobody ever
 * waits for another.  While its loop runs, the calling thread is without the GIL, takes part in the work, and every
 * 50 ms fetches the GIL to let Python handle signals: that is how Ctrl-C ends a long loop.
 */
#ifndef PTL_DISPATCH_THREADS_H
#define PTL_DISPATCH_THREADS_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include "ptl_host.h"

#define LISTEN_NANOSECONDS 50000000
#define MOST_WORKERS (PTL_MOST_BLOCKS - 1)
/* Kernels keep short arrays on the stack; some systems give threads little of it. */
#define WORKER_STACK_BYTES (4u << 20)

/* One call of a program: the host that its loops ask. */
typedef struct {
    ptl_host base;
    PyThreadState *released; /* NULL while this thread holds the GIL */
    int64_t listen_at;       /* on the clock of nanoseconds_now; 0: not set */
    int threads;             /* how many may work; 0: one for each processor */
} Host;

/* One loop that is being run. */
typedef struct {
    ptl_cuts cuts;
    atomic_llong next;
    atomic_bool stopped;
    int places, joined, active; /* of workers; under the lock */
} Job;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t begun, done;
    Job *job;      /* NULL: idle */
    int workers;   /* threads started */
    unsigned fork; /* how many forks lie between this process and the first */
    bool watches_forks;
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .begun = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

/* BLAS has threads of its own, as many as the configuration asks for; 0 leaves it what it began with. */
static struct {
    void (*set_threads)(int count); /* NULL: unknown, or no program uses BLAS */
    int usual, asked;
} blas;

/* The call of this thread whose loops others may share; NULL where there is none, and while blocks are run. */
static _Thread_local Host *sharing;

static PyObject *options;      /* a dictionary whose entry "threads" says how many */
static PyObject *threads_name; /* the interned key */

/* -- signals -------------------------------------------------------------------------------------------- */

static int64_t nanoseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Let Python handle signals if it is time; true with an exception set if the loop is to be left. */
static bool is_interrupted(Host *host) {
    int64_t now = nanoseconds_now();
    if (PTL_LIKELY(now < host->listen_at) || host->base.must_finish) return false;
    PyEval_RestoreThread(host->released);
    bool raised = PyErr_CheckSignals() < 0;
    host->released = PyEval_SaveThread();
    host->listen_at = nanoseconds_now() + LISTEN_NANOSECONDS;
    return raised;
}

/* -- work ----------------------------------------------------------------------------------------------- */

/* Run blocks that nobody has begun until there are none; only the caller's own thread has a host, and listens. */
static void run_blocks(Job *job, Host *host) {
    for (;;) {
        int64_t block = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
        if (block >= job->cuts.blocks) return;
        for (int64_t step = 0; step < job->cuts.steps; step++) {
            if (host != NULL && is_interrupted(host)) atomic_store(&job->stopped, true);
            if (atomic_load_explicit(&job->stopped, memory_order_relaxed)) return;
            ptl_run_step(&job->cuts, block, step);
        }
    }
}

static void *worker_main(void *unused) {
    pthread_mutex_lock(&crew.lock);
    for (;;) {
        Job *job = crew.job;
        if (job == NULL || job->joined == job->places) {
            pthread_cond_wait(&crew.begun, &crew.lock);
            continue;
        }
        job->joined++;
        job->active++;
        pthread_mutex_unlock(&crew.lock);
        run_blocks(job, NULL);
        pthread_mutex_lock(&crew.lock);
        if (--job->active == 0) pthread_cond_signal(&crew.done);
    }
    return unused;
}

/* -- the crew ------------------------------------------------------------------------------------------- */

/* In a child process there are no other threads, whatever they were doing. */
static void forget_workers(void) {
    pthread_mutex_init(&crew.lock, NULL);
    pthread_cond_init(&crew.begun, NULL);
    pthread_cond_init(&crew.done, NULL);
    crew.job = NULL;
    crew.workers = 0;
    crew.fork++;
}

/* Start workers until there are `wanted`; the lock is held.  Signals go to the program's own threads. */
static void start_workers(int wanted) {
    if (crew.workers >= wanted) return;
    if (!crew.watches_forks && pthread_atfork(NULL, NULL, forget_workers) != 0) return;
    crew.watches_forks = true;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    sigset_t all, usual;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &usual);
    pthread_t thread;
    while (crew.workers < wanted && pthread_create(&thread, &attributes, worker_main, NULL) == 0) crew.workers++;
    pthread_sigmask(SIG_SETMASK, &usual, NULL);
    pthread_attr_destroy(&attributes);
}

static int count_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* How many processors this thread may use.  The system takes up to 1 us to answer, a tenth of a loop that is just long
 * enough to be cut; so it is asked again only after a while. */
static int usable_processors(const Host *host) {
    static _Thread_local struct {
        int count;
        int64_t asked_at;
    } known;
    const int64_t now = host->listen_at - LISTEN_NANOSECONDS;
    if (known.count == 0 || now - known.asked_at > LISTEN_NANOSECONDS) {
        known.count = count_processors();
        known.asked_at = now;
    }
    return known.count;
}

/* Offer the job to as many workers as are wanted; false if they are busy with another. */
static bool offer(Job *job, int wanted) {
    pthread_mutex_lock(&crew.lock);
    bool idle = crew.job == NULL;
    if (idle) {
        start_workers(wanted);
        job->places = wanted < crew.workers ? wanted : crew.workers;
        crew.job = job;
        for (int i = 0; i < job->places; i++) pthread_cond_signal(&crew.begun);
    }
    pthread_mutex_unlock(&crew.lock);
    return idle;
}

/* Wait for the workers that are still at it, and listen. */
static void take_back(Job *job, Host *host, unsigned fork) {
    pthread_mutex_lock(&crew.lock);
    if (crew.fork == fork) crew.job = NULL;
    while (crew.fork == fork && job->active > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LISTEN_NANOSECONDS;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        if (pthread_cond_timedwait(&crew.done, &crew.lock, &until) == 0) continue;
        pthread_mutex_unlock(&crew.lock);
        if (!atomic_load(&job->stopped) && is_interrupted(host)) atomic_store(&job->stopped, true);
        pthread_mutex_lock(&crew.lock);
    }
    pthread_mutex_unlock(&crew.lock);
}

/* A signal handler has forked in the midst of a loop: this is the child, and the work of others is lost to it. */
static void raise_forked(Host *host) {
    PyEval_RestoreThread(host->released);
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "the process was forked by a signal handler while a compiled function "
                                            "ran; in the child it cannot go on");
    host->released = PyEval_SaveThread();
}

/* -- the host ------------------------------------------------------------------------------------------- */

/* How many threads the configuration asks for; with the GIL. */
static int threads_asked(void) {
    PyObject *value = options == NULL ? NULL : PyDict_GetItemWithError(options, threads_name);
    long count = value != NULL && PyLong_Check(value) ? PyLong_AsLong(value) : 0;
    if (PyErr_Occurred()) PyErr_Clear();
    return count < 0 ? 0 : count > PTL_MOST_BLOCKS ? PTL_MOST_BLOCKS : (int)count;
}

static void let_blas_have_threads(void) { blas.set_threads(blas.asked > 0 ? blas.asked : blas.usual); }

static inline void host_release_gil(Host *host) {
    host->threads = threads_asked();
    if (PTL_UNLIKELY(blas.set_threads != NULL && host->threads != blas.asked)) {
        blas.asked = host->threads;
        let_blas_have_threads();
    }
    host->released = PyEval_SaveThread();
    host->listen_at = nanoseconds_now() + LISTEN_NANOSECONDS;
    sharing = host;
}

static inline void host_restore_gil(Host *host) {
    sharing = NULL;
    PyEval_RestoreThread(host->released);
}

static int host_threads(const Host *host) { return host->threads > 0 ? host->threads : usable_processors(host); }

static int32_t host_run_loop(ptl_host *base, const ptl_loop *loop) {
    Host *host = (Host *)base;
    if (host->released == NULL) host_release_gil(host);
    int threads = host_threads(host);
    Job job = {.cuts = ptl_cut_loop(loop)};
    int wanted = (int)ptl_min_int64(ptl_min_int64(threads, job.cuts.blocks) - 1, MOST_WORKERS);
    unsigned fork = crew.fork;
    bool quiets_blas = loop->calls_blas && blas.set_threads != NULL;
    if (quiets_blas) blas.set_threads(1);
    bool has_workers = wanted > 0 && offer(&job, wanted);
    sharing = NULL;
    run_blocks(&job, host);
    sharing = host;
    if (has_workers) {
        take_back(&job, host, fork);
        if (crew.fork != fork) {
            raise_forked(host);
            return PTL_FAILED;
        }
    }
    if (quiets_blas) let_blas_have_threads();
    return atomic_load(&job.stopped) ? PTL_FAILED : PTL_OK;
}

/* -- the crew of libraries that programs call ----------------------------------------------------------- */

static int crew_threads(void) { return sharing == NULL ? 1 : host_threads(sharing); }

static void crew_run_loop(const ptl_loop *loop) {
    Host *host = sharing;
    if (host == NULL) {
        ptl_run_serially(NULL, loop);
        return;
    }
    const bool must_finish = host->base.must_finish;
    host->base.must_finish = true;
    host_run_loop(&host->base, loop);
    host->base.must_finish = must_finish;
}

static const ptl_crew library_crew = {crew_threads, crew_run_loop};

#endif
