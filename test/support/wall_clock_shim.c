/*
 * The wall clock of a program, ahead by the nanoseconds in the file CLOCK_OFFSET: LD_PRELOAD it.
 *
 * Waits until a time of that clock end when it is reached, as the kernel has it, also where the clock
 * is set meanwhile: DDS waits so.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t ahead(void) {
  static volatile int64_t *offset;
  if (!offset) {
    int file = open(getenv("CLOCK_OFFSET"), O_RDONLY);
    offset = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    close(file);
  }
  return *offset;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ns = now->tv_sec * 1000000000LL + now->tv_nsec + ahead();
    now->tv_sec = ns / 1000000000LL;
    now->tv_nsec = ns % 1000000000LL;
  }
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *seconds) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (seconds) *seconds = exact.tv_sec;
  return exact.tv_sec;
}

/* Nanoseconds after which a wait looks at the clock again. */
#define LOOK 50000000LL

/* The `monotonic` bit of a condition's word (glibc, nptl/pthread_cond_common.c). */
#define MONOTONIC 2

/* Set `end` to the true time of `deadline`, or to the next look; return whether it is the former. */
static int next_end(const struct timespec *deadline, struct timespec *end) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  int64_t look = now.tv_sec * 1000000000LL + now.tv_nsec + LOOK;
  int64_t last = deadline->tv_sec * 1000000000LL + deadline->tv_nsec - ahead();
  int64_t ns = last > look ? look : last > 0 ? last : 0;
  end->tv_sec = ns / 1000000000LL;
  end->tv_nsec = ns % 1000000000LL;
  return last <= look;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *deadline) {
  static int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!wait) wait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!wait) wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  if (cond->__data.__wrefs & MONOTONIC) return wait(cond, mutex, deadline);
  struct timespec end;
  int is_last = next_end(deadline, &end);
  int result = wait(cond, mutex, &end);
  /* A wait may return without a signal. */
  return result == ETIMEDOUT && !is_last ? 0 : result;
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
  static int (*lock)(pthread_mutex_t *, const struct timespec *);
  if (!lock) lock = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  struct timespec end;
  for (;;) {
    int is_last = next_end(deadline, &end);
    int result = lock(mutex, &end);
    if (result != ETIMEDOUT || is_last) return result;
  }
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
  static int (*wait)(sem_t *, const struct timespec *);
  if (!wait) wait = dlsym(RTLD_NEXT, "sem_timedwait");
  struct timespec end;
  for (;;) {
    int is_last = next_end(deadline, &end);
    if (wait(semaphore, &end) == 0) return 0;
    if (errno != ETIMEDOUT || is_last) return -1;
  }
}
