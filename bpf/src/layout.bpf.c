/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* One global of every shared struct and enum, so that the object's BTF names them all: the engine compares its layouts with it. */
#pragma clang diagnostic error "-Wpadded"
#include <interdict/event.h>

struct layout {
	enum hook hook;
	enum access access;
	enum object_flag object_flag;
	enum record_kind record_kind;
	enum record_flag record_flag;
	enum alarm alarm;
	enum names names;
	enum namespaces namespaces;
	struct context context;
	struct verdict_key verdict_key;
	struct verdict verdict;
	struct posture posture;
	struct engine_state engine_state;
	struct slot_mask slot_mask;
	struct budget budget;
	struct budget_window budget_window;
	struct budget_subject budget_subject;
	struct hook_counters hook_counters;
	struct slot_counters slot_counters;
	struct told told;
	struct named_place named_place;
	struct named_file named_file;
	struct event event;
};

const struct layout layout;
