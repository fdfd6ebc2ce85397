# SPDX-License-Identifier: Apache-2.0
# Discrete-event simulation and forecasting: pure computation, a library of its own.

noinst_LIBRARIES += libcarte_devs.a
libcarte_devs_a_CPPFLAGS = $(AM_CPPFLAGS)
libcarte_devs_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_devs_a_SOURCES = \
	src/devs/backtest-private.h \
	src/devs/backtest.c \
	src/devs/backtest.h \
	src/devs/backtest_forecast.c \
	src/devs/backtest_numbers.c \
	src/devs/backtest_predict.c \
	src/devs/coupled.c \
	src/devs/devs-private.h \
	src/devs/devs.c \
	src/devs/devs.h \
	src/devs/forecast-private.h \
	src/devs/forecast.c \
	src/devs/forecast.h \
	src/devs/forecast_fit.c \
	src/devs/forecast_model.c \
	src/devs/forecast_save.c \
	src/devs/forecaster.c \
	src/devs/queueing.c \
	src/devs/queueing.h \
	src/devs/random.c \
	src/devs/random.h \
	src/devs/rule.c \
	src/devs/rule.h \
	src/devs/service_sim.c \
	src/devs/service_sim.h \
	src/devs/sim-private.h \
	src/devs/sim_dispatcher.c \
	src/devs/sim_load.c \
	src/devs/sim_mean.c \
	src/devs/sim_pool.c \
	src/devs/sim_replica.c \
	src/devs/sim_scaler.c \
	src/devs/sim_transducer.c

DEVS_LIBS = libcarte_devs.a -lm
