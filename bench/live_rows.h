// Rows of snapshot_benchmark that need two cores: readers beside a writer, and
// beside one another.

#ifndef PLANISH_BENCH_LIVE_ROWS_H_
#define PLANISH_BENCH_LIVE_ROWS_H_

namespace planish::measure {

void RegisterLiveRows();

}  // namespace planish::measure

#endif  // PLANISH_BENCH_LIVE_ROWS_H_
