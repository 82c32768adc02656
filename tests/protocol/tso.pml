/* Memory with store buffers, as x86-64's (TSO): each thread's stores wait in a
 * queue of its own and reach memory in order, at any later time; its loads see
 * its own queue first.
 *
 * Releases and acquires cost nothing here, and so have no step of their own. On
 * Arm they do; a model whose twin depends on one (RELAXED_EPOCH) takes the two
 * accesses in the order that Arm could take them without it.
 *
 * The including file defines THREADS and PLACES.
 */

#define QUEUE 4

typedef Queue { byte place[QUEUE]; byte value[QUEUE]; byte length };
Queue queue[THREADS];
byte memory[PLACES];

inline Store(thread, at, what) {
  atomic {
    queue[thread].length < QUEUE;
    queue[thread].place[queue[thread].length] = at;
    queue[thread].value[queue[thread].length] = what;
    queue[thread].length++
  }
}

/* `to` must not be written by others. */
inline Load(thread, at, to) {
  d_step {
    to = memory[at];
    if
    :: queue[thread].length > 0 && queue[thread].place[0] == at ->
       to = queue[thread].value[0]
    :: else
    fi;
    if
    :: queue[thread].length > 1 && queue[thread].place[1] == at ->
       to = queue[thread].value[1]
    :: else
    fi;
    if
    :: queue[thread].length > 2 && queue[thread].place[2] == at ->
       to = queue[thread].value[2]
    :: else
    fi;
    if
    :: queue[thread].length > 3 && queue[thread].place[3] == at ->
       to = queue[thread].value[3]
    :: else
    fi
  }
}

/* The first of its stores reaches memory. */
inline Arrive(thread) {
  memory[queue[thread].place[0]] = queue[thread].value[0];
  queue[thread].place[0] = queue[thread].place[1];
  queue[thread].value[0] = queue[thread].value[1];
  queue[thread].place[1] = queue[thread].place[2];
  queue[thread].value[1] = queue[thread].value[2];
  queue[thread].place[2] = queue[thread].place[3];
  queue[thread].value[2] = queue[thread].value[3];
  queue[thread].length--;
  queue[thread].place[queue[thread].length] = 0;
  queue[thread].value[queue[thread].length] = 0
}

/* A full fence of `thread`; its own, or one that membarrier(2) makes it run. */
inline Fence(thread) {
  d_step {
    do
    :: queue[thread].length > 0 -> Arrive(thread)
    :: else -> break
    od
  }
}

proctype Buffer(byte thread) {
end:
  do
  :: d_step { queue[thread].length > 0 -> Arrive(thread) }
  od
}
